rm -rf "$PWD/compare"
pgcopydb compare data --source "$SOURCE" --target "$TARGET" --dir "$PWD/compare"
