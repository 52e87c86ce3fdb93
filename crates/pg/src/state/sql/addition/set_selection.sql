update transhume.migration set selection = $1
