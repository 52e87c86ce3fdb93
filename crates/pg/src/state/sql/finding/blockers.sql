select code, severity, object, message, remedy
from transhume.finding
where origin = $1 and severity = 'blocker' and resolved_at is null
order by code, object
