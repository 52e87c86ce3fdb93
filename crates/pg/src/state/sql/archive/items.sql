select dump_id, disposition from transhume.archive_item where archive = $1
