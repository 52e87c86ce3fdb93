select content, tool_version from transhume.archive where number = $1
