set client_min_messages = warning;
drop database if exists searched with (force);
create database searched;
