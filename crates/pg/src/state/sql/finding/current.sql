select code, severity, object, message, remedy
from transhume.finding
where origin = $1 and code = $2 and resolved_at is null
order by object
