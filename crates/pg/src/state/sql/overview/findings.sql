select code, severity, object, message, remedy
from transhume.finding
where resolved_at is null
order by severity, code, object
