insert into transhume.archive (number, content, tool_version) values ($1, $2, $3)
