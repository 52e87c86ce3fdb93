update transhume.migration set direction = 'reverse'
