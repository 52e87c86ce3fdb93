drop schema transhume cascade
