select side || ': ' || description from transhume.deviation where state = 'made' order by id
