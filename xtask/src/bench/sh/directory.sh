pg_dump -Fd -Z0 -j "$AT_ONCE" -f dump -d "$SOURCE"
pg_restore -j "$AT_ONCE" -d "$TARGET" dump
