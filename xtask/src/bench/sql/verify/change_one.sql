-- One row, somewhere in the middle.
update searched set note = note || '.'
where ctid = (select ctid from searched offset :scale / 2 limit 1);
