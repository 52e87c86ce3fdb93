-- Claims read the first few open rows of an index where the planner knows how many there are; without statistics it takes
-- nearly all rows for done, and sorts all that are open for every claim. Autovacuum may come too late, or never.
analyze transhume.relation;
analyze transhume.part;
analyze transhume.build;
