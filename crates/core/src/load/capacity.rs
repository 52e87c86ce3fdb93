//! What builders take of the target: how many, and how much memory each.
//!
//! Pure arithmetic over what the server says of itself. An operator's own figure is taken as it is,
//! except that it never takes more connections than are free.

/// Connections left to the application and to our own other sessions (holder, progress, apply, dump).
const CONNECTIONS_KEPT_FREE: u32 = 5;

/// Memory of one index build at most, in KiB: above 1 GiB sorting gains little.
const MOST_BUILD_MEMORY_KIB: u64 = 1 << 20;
/// Parallel workers of one index build at most: beyond it, merging their runs is the limit.
const MOST_BUILD_WORKERS: u32 = 8;

/// What one server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections that this role can still open.
    pub free_connections: u32,
    pub shared_buffers_kib: u64,
    pub maintenance_work_mem_kib: u64,
    pub max_parallel_workers: u32,
    pub max_parallel_maintenance_workers: u32,
}

/// Sessions that copy and sessions that build; each loader takes a connection on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerCounts {
    pub loaders: u32,
    pub builders: u32,
}

/// Settings of a session that builds indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildMemory {
    pub maintenance_work_mem_kib: u64,
    pub max_parallel_maintenance_workers: u32,
}

/// As many workers as wanted, within the free connections. Half as many builders as loaders by default:
/// loaders build too once no part is open.
pub fn worker_counts(
    source: &ServerLimits,
    target: &ServerLimits,
    wanted_loaders: u32,
    wanted_builders: Option<u32>,
) -> WorkerCounts {
    let free = |server: &ServerLimits| server.free_connections.saturating_sub(CONNECTIONS_KEPT_FREE);
    let most = free(source).min(free(target)).max(1);
    let loaders = wanted_loaders.clamp(1, most);
    let left = free(target).saturating_sub(loaders);
    let builders = wanted_builders.unwrap_or(loaders.div_ceil(2)).min(left);
    WorkerCounts { loaders, builders }
}

/// No more workers than there are pieces to copy (`pieces`) and to build one by one (`builds`): each costs a session or two,
/// and with little to do they cost more than the work. Who copies builds afterwards, and small tables at once, so that
/// without builds of their own builders would only look for some, again and again.
pub fn needed(counts: WorkerCounts, pieces: u32, builds: u32) -> WorkerCounts {
    let useful = pieces.max(builds).max(1);
    WorkerCounts {
        loaders: counts.loaders.min(useful),
        builders: counts.builders.min(useful - 1).min(builds),
    }
}

/// What each of `builders` sessions may take, never less than the server's own setting.
/// `shared_buffers` stands for the memory of the machine: administrators size it as a quarter or so.
pub fn build_memory(target: &ServerLimits, builders: u32) -> BuildMemory {
    let builders = builders.max(1);
    let share = (target.shared_buffers_kib / u64::from(builders)).min(MOST_BUILD_MEMORY_KIB);
    let workers = (target.max_parallel_workers / builders).min(MOST_BUILD_WORKERS);
    BuildMemory {
        maintenance_work_mem_kib: share.max(target.maintenance_work_mem_kib),
        max_parallel_maintenance_workers: workers.max(target.max_parallel_maintenance_workers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(free_connections: u32) -> ServerLimits {
        ServerLimits {
            free_connections,
            shared_buffers_kib: 4 << 20,
            maintenance_work_mem_kib: 64 << 10,
            max_parallel_workers: 8,
            max_parallel_maintenance_workers: 2,
        }
    }

    #[test]
    fn free_connections_bound_every_figure() {
        let counts_of =
            |source, target, wanted| worker_counts(&server(source), &server(target), wanted, None);
        let expect = |loaders, builders| WorkerCounts { loaders, builders };
        assert_eq!(counts_of(90, 90, 8), expect(8, 4));
        assert_eq!(counts_of(8, 90, 12), expect(3, 2));
        assert_eq!(counts_of(90, 9, 4), expect(4, 0));
        assert_eq!(counts_of(0, 0, 4), expect(1, 0));
    }

    #[test]
    fn little_work_takes_few_workers() {
        let of = |pieces, builds| {
            let counts = WorkerCounts {
                loaders: 4,
                builders: 2,
            };
            let WorkerCounts { loaders, builders } = needed(counts, pieces, builds);
            (loaders, builders)
        };
        assert_eq!(of(0, 0), (1, 0));
        assert_eq!(of(1, 0), (1, 0));
        assert_eq!(of(1, 6), (4, 2), "one table with many indexes");
        assert_eq!(of(3, 1), (3, 1));
        assert_eq!(of(1000, 0), (4, 0), "small tables");
        assert_eq!(of(1000, 1000), (4, 2));
    }

    #[test]
    fn builders_share_the_memory_and_never_get_less_than_the_server_gives() {
        let memory = build_memory(&server(90), 8);
        assert_eq!(memory.maintenance_work_mem_kib, 512 << 10);
        assert_eq!(memory.max_parallel_maintenance_workers, 2);
        assert_eq!(build_memory(&server(90), 1000).maintenance_work_mem_kib, 64 << 10);
    }
}
