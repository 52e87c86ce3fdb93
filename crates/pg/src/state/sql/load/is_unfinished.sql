select exists (select from transhume.relation where state in ('planned', 'loading'))
