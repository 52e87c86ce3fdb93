//! A TCP proxy that breaks connections the way networks do.
//!
//! Listens on 127.0.0.1 and passes everything on to a port there, until it is told to cut (reset), freeze (silence
//! in both directions while the connections stay) or delay. It can also spoil one statement, which the server then refuses, and
//! count the round trips that a client waits for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is passed on at once: as much as a socket usually gives.
const BUFFER: usize = 64 * 1024;
/// Between two looks at whether a cut happened.
const POLL: Duration = Duration::from_millis(5);

/// What a packet carries over Ethernet.
const PACKET: usize = 1460;
/// A lost packet is sent again after so long at least (Linux: TCP_RTO_MIN), and what comes behind it waits.
const RETRANSMISSION: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    /// Connections of an earlier generation are reset.
    generation: u64,
    frozen: bool,
    /// Connections of an earlier birth pass nothing on.
    silent_before: u64,
    /// Counts up with each [`Proxy::silence`].
    birth: u64,
    refusing: bool,
    delay: Duration,
    /// Of packets, in percent; each one comes after its retransmission.
    lost: f64,
    /// A larger piece is lost, and with it all that comes after it on its connection.
    largest: Option<usize>,
}

impl Orders {
    /// What a piece takes on its way.
    fn time(&self, bytes: usize) -> Duration {
        let packets = bytes.div_ceil(PACKET);
        let is_one_lost = (0..packets).any(|_| fastrand::f64() * 100.0 < self.lost);
        self.delay
            + if is_one_lost {
                RETRANSMISSION
            } else {
                Duration::ZERO
            }
    }

    /// Whether a connection of this birth passes so many bytes on.
    fn pass(&self, birth: u64, bytes: usize) -> bool {
        !self.frozen && birth >= self.silent_before && self.largest.is_none_or(|largest| bytes <= largest)
    }
}

/// Ends its connections when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target_port: u16,
    orders: watch::Sender<Orders>,
    /// Bytes from the server that may still pass before the connection that carries the last one is cut.
    allowance: Arc<AtomicI64>,
    spoiled: Spoiled,
    accepting: JoinHandle<()>,
}

/// The text whose first byte is overwritten the next time that a client sends it.
type Spoiled = Arc<Mutex<Option<&'static str>>>;

/// Round trips that a client has waited for, one after the other, over all connections of the proxies that share this.
///
/// What is asked before an answer has come does not wait for it, so that sessions used side by side count once; for that a delay
/// must keep them in step. Opening a connection is one.
#[derive(Debug, Clone, Default)]
pub struct RoundTrips(Arc<AtomicU64>);

impl RoundTrips {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same for one connection: the number of its latest question, and of the latest that was answered.
#[derive(Debug)]
struct Turns {
    all: RoundTrips,
    asked: AtomicU64,
    answered: AtomicU64,
}

impl Turns {
    fn opened(all: &RoundTrips) -> Self {
        let opening = all.count() + 1;
        Self {
            all: all.clone(),
            asked: AtomicU64::new(opening),
            answered: AtomicU64::new(opening),
        }
    }

    fn ask(&self) {
        let known = self.all.count().max(self.answered.load(Ordering::Relaxed));
        self.asked.fetch_max(known + 1, Ordering::Relaxed);
    }

    fn answer(&self) {
        let asked = self.asked.load(Ordering::Relaxed);
        self.answered.fetch_max(asked, Ordering::Relaxed);
        self.all.0.fetch_max(asked, Ordering::Relaxed);
    }
}

impl Proxy {
    /// # Panics
    /// Where no port can be had.
    pub async fn start(target_port: u16) -> Self {
        Self::counting(target_port, &RoundTrips::default()).await
    }

    /// As [`Proxy::start`]; its round trips are counted there.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn counting(target_port: u16, trips: &RoundTrips) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let (orders, receiver) = watch::channel(Orders::default());
        let allowance = Arc::new(AtomicI64::new(i64::MAX));
        let spoiled = Spoiled::default();
        let way = Way {
            target_port,
            orders: receiver,
            allowance: Arc::clone(&allowance),
            spoiled: Arc::clone(&spoiled),
            trips: trips.clone(),
        };
        let accepting = tokio::spawn(accept(listener, way));
        Self {
            address,
            target_port,
            orders,
            allowance,
            spoiled,
            accepting,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The same URL, with the way through this proxy.
    pub fn through(&self, url: &str) -> String {
        url.replacen(
            &format!("127.0.0.1:{}", self.target_port),
            &self.address.to_string(),
            1,
        )
    }

    /// Resets all connections; new ones are welcome.
    pub fn cut(&self) {
        self.orders.send_modify(|orders| orders.generation += 1);
    }

    /// Lets so many more bytes come from the server, over all connections, and resets the one in the midst of which they
    /// end; gives up where they do not come in this time.
    pub async fn cut_after(&self, bytes: u64, patience: Duration) {
        self.allowance
            .store(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
        let end = tokio::time::Instant::now() + patience;
        while self.allowance.load(Ordering::Relaxed) > 0 && tokio::time::Instant::now() < end {
            tokio::time::sleep(POLL).await;
        }
        self.allowance.store(i64::MAX, Ordering::Relaxed);
    }

    /// Makes nonsense of the next statement that begins with this text, as sent by any client in clear.
    pub fn spoil(&self, text: &'static str) {
        *self.spoiled.lock().expect("nothing panics with it") = Some(text);
    }

    /// The statement came and was spoiled.
    pub fn has_spoiled(&self) -> bool {
        self.spoiled.lock().expect("nothing panics with it").is_none()
    }

    /// Resets all connections and every new one until [`Proxy::thaw`].
    pub fn refuse(&self) {
        self.orders.send_modify(|orders| {
            orders.generation += 1;
            orders.refusing = true;
        });
    }

    /// Passes nothing on any more, and closes nothing.
    pub fn freeze(&self) {
        self.orders.send_modify(|orders| orders.frozen = true);
    }

    /// As [`Proxy::freeze`] for the connections that there are, for good; new ones pass everything on.
    pub fn silence(&self) {
        self.orders.send_modify(|orders| {
            orders.birth += 1;
            orders.silent_before = orders.birth;
        });
    }

    /// Loses pieces that are larger than so many bytes, as a way does whose packets are too large for one of its parts, of which
    /// nobody is told: login and small answers pass, and the connection stands still at the first large one.
    pub fn lose_larger_than(&self, bytes: usize) {
        self.orders.send_modify(|orders| orders.largest = Some(bytes));
    }

    /// Undoes [`Proxy::freeze`], [`Proxy::refuse`] and [`Proxy::lose_larger_than`].
    pub fn thaw(&self) {
        self.orders.send_modify(|orders| {
            orders.largest = None;
            orders.frozen = false;
            orders.refusing = false;
        });
    }

    /// Holds back everything that is read by this time, in both directions.
    pub fn delay(&self, milliseconds: u64) {
        self.orders
            .send_modify(|orders| orders.delay = Duration::from_millis(milliseconds));
    }

    /// 50 ms there and back, some 20 Mbit/s each way (a piece in each 25 ms), and one packet of a hundred lost.
    pub fn worsen(&self) {
        self.orders.send_modify(|orders| {
            orders.delay = Duration::from_millis(25);
            orders.lost = 1.0;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// What every connection is served by.
#[derive(Clone)]
struct Way {
    target_port: u16,
    orders: watch::Receiver<Orders>,
    allowance: Arc<AtomicI64>,
    spoiled: Spoiled,
    trips: RoundTrips,
}

async fn accept(listener: TcpListener, way: Way) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(serve(client, way.clone()));
    }
}

/// Ends with a reset on both sides if the connection was cut, in order otherwise.
async fn serve(client: TcpStream, mut way: Way) {
    let born = *way.orders.borrow();
    let turns = Turns::opened(&way.trips);
    let server = TcpStream::connect(("127.0.0.1", way.target_port)).await;
    let Ok(server) = server else { return };
    // Both ends of small packets, as a database protocol sends them.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let reset = [client.set_zero_linger(), server.set_zero_linger()];
    debug_assert!(
        reset.iter().all(Result::is_ok),
        "a connected socket takes options"
    );
    if born.refusing {
        return;
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (forward, backward) = (way.orders.clone(), way.orders.clone());
    let cut = way.orders.wait_for(|orders| orders.generation != born.generation);
    tokio::select! {
        _ = cut => {}
        _ = async {
            tokio::try_join!(
                pass_on(&mut from_client, &mut to_server, (forward, born.birth), Manner::ToServer(&way.spoiled, &turns)),
                pass_on(&mut from_server, &mut to_client, (backward, born.birth), Manner::ToClient(&way.allowance, &turns)),
            )
        } => {}
    }
}

/// The allowance ended within what this connection had to pass on.
struct Cut;

/// What may happen to bytes besides waiting.
enum Manner<'a> {
    ToServer(&'a Spoiled, &'a Turns),
    ToClient(&'a AtomicI64, &'a Turns),
}

async fn pass_on(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    (mut orders, birth): (watch::Receiver<Orders>, u64),
    manner: Manner<'_>,
) -> Result<(), Cut> {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        match manner {
            Manner::ToServer(spoiled, turns) => {
                turns.ask();
                spoil(&mut buffer[..length], spoiled);
            }
            Manner::ToClient(allowance, _) => {
                if let Some(last) = ends_within(allowance, length) {
                    // The receiver may be gone already.
                    let _ = to.write_all(&buffer[..last]).await;
                    return Err(Cut);
                }
            }
        }
        let delay = orders.borrow().time(length);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if let Manner::ToClient(_, turns) = &manner {
            turns.answer();
        }
        if orders
            .wait_for(|orders| orders.pass(birth, length))
            .await
            .is_err()
            || to.write_all(&buffer[..length]).await.is_err()
        {
            return Ok(());
        }
    }
    // An end that nobody hears of: the machine there is gone. The other direction may still have something to say.
    if orders.wait_for(|orders| orders.pass(birth, 0)).await.is_ok() {
        let _ = to.shutdown().await;
    }
    Ok(())
}

/// Overwrites the first byte of the text that is to be spoiled, if it is there in one piece.
fn spoil(bytes: &mut [u8], spoiled: &Spoiled) {
    let mut wanted = spoiled.lock().expect("nothing panics with it");
    let Some(text) = *wanted else { return };
    if let Some(place) = bytes
        .windows(text.len())
        .position(|found| found == text.as_bytes())
    {
        bytes[place] = b'!';
        *wanted = None;
    }
}

/// How much of these bytes may still pass, where the allowance ends in them.
fn ends_within(allowance: &AtomicI64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let before = allowance.fetch_sub(length, Ordering::Relaxed);
    (before > 0 && before <= length).then(|| usize::try_from(before).unwrap_or_default())
}
