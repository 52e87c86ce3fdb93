pg_dump -Fc -Z0 -d "$SOURCE" | pg_restore -d "$TARGET"
