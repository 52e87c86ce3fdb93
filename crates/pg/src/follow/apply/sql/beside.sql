-- This session's work can be given up and done later: it waits for nobody, least of all for who may wait for it.
set lock_timeout = '1s'
