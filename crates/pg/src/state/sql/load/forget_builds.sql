-- What is to be built of table $1, which was called $2, by statements that name it and its columns.
delete from transhume.build
where done_at is null
  and (source_oid = $1::oid and kind in ('index', 'key', 'constraint')
       or kind = 'vacuum' and name = $2)
