pgcopydb clone --source "$SOURCE" --target "$TARGET" --dir "$PWD/pgcopydb" \
    --table-jobs "$AT_ONCE" --index-jobs "$AT_ONCE"
