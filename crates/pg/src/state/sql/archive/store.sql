insert into transhume.archive (content, tool_version) values ($1, $2)
