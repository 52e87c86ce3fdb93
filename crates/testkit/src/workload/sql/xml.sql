ALTER TABLE torture.types_all
    ADD COLUMN c_xml xml DEFAULT xmlparse(content '<a b="&lt;">' || random() || '</a>text');
