select content, tool_version from transhume.archive
