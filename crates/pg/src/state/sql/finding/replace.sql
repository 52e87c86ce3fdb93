-- One finding of an origin with code and object is current; what it said before is replaced.
with former as (
    delete from transhume.finding where origin = $1 and code = $2 and object = $4
)
insert into transhume.finding (origin, code, severity, object, message, remedy)
values ($1, $2, $3, $4, $5, $6)
