select a.shows from transhume.archive a where a.number = $1
