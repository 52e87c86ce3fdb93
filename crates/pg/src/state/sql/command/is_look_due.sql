-- Whether anything is asked for, or the phase is not this one ($1) any more.
select exists (select from transhume.command where state in ('requested', 'active'))
    or not exists (select from transhume.migration where phase = $1::text)
