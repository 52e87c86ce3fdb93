update transhume.migration set fallback = true
