insert into transhume.migration
    (id, layout, program_version, phase, selection, source_label, source_system, source_database_oid,
     source_database, source_timeline, slot_name, publication_name, target_system, target_database_oid, target_database)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
