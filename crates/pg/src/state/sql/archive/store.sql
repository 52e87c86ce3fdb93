insert into transhume.archive (number, content, tool_version, shows) values ($1, $2, $3, $4)
