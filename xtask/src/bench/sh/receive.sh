# Merely receiving the backlog: what any client must wait for.
pg_recvlogical -d "$SOURCE" --slot bench_receive --start --endpos "$END" -f /dev/null -F 0 -n \
    -o proto_version=1 -o publication_names=bench
