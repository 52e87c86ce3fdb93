-- The source was promoted and continues: $1 the timeline before, $2 the one now.
update transhume.migration set source_timeline = $2 where source_timeline = $1
