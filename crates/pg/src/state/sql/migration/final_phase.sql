-- Waits for whoever is changing it, so that the answer is the last word.
select phase from transhume.migration for update
