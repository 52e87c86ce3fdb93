select phase from transhume.migration
