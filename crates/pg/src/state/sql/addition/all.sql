select number, tables, step, message from transhume.addition order by number
