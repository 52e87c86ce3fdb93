select lsn::text from transhume.marker where nonce = $1
