create publication transhume_0123abcd for all tables
