update transhume.migration set fence_nonce = $1::text
