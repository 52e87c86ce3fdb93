begin;
insert into shop.keyless values (1);
prepare transaction 'left ''behind''';
