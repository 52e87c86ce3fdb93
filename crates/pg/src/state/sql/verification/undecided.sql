select r.id from transhume.verification_row r where r.verification_id = $1 and r.undecided
