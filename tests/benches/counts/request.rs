//! One request of the whole system, with all services on one thread.

use std::{
    convert::Infallible,
    future::pending,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{self, ExitCode},
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Builder;

use crate::{
    Failure,
    bare::Handlers,
    callgrind::{begin_counting, end_counting},
};

const HTTP: &str = "127.0.0.1:28743";
/// What the program of Hotels is told.
pub(crate) const ARGS: [&str; 7] = [
    "up",
    "--http",
    HTTP,
    "--registry",
    "127.0.0.1:0",
    "--shards",
    "1",
];
/// And this, where its services are to call each other over sockets.
pub(crate) const NO_LOCAL: &str = "--no-local";
/// Requests before the first that counts.
const WARM_UP: u32 = 50;
pub(crate) const TIMES: u32 = 200;
const EXAMPLE: &str = "/hotels?inDate=2015-04-09&outDate=2015-04-10";
/// How long the system may take until it is ready, many times slower than it is.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// Runs the program of Hotels, and asks it from a thread of its own.
pub(crate) fn work() -> ExitCode {
    thread::spawn(|| end(ready().and_then(|()| ask(HTTP.parse()?))));
    hotels::main()
}

/// The same with the services of Hotels over plain channels.
pub(crate) fn work_bare(handlers: Handlers) -> ExitCode {
    let serving = || -> Result<Infallible, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let frontend = runtime.block_on(handlers.all())?;
        thread::spawn(move || end(ask(frontend)));
        runtime.block_on(pending())
    };
    end(serving().map(|never| match never {}))
}

fn end(asked: Result<(), Failure>) -> ! {
    if let Err(error) = &asked {
        eprintln!("counts: {error}");
    }
    process::exit(asked.is_err().into())
}

fn ready() -> Result<(), Failure> {
    let begun = Instant::now();
    while !is_ready() {
        if begun.elapsed() > PATIENCE {
            return Err("it does not become ready".into());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn ask(frontend: SocketAddr) -> Result<(), Failure> {
    let mut frontend = Connection::open(frontend)?;
    let expected = frontend.get(EXAMPLE)?;
    for _ in 0..WARM_UP {
        frontend.expect(&expected)?;
    }
    begin_counting();
    for _ in 0..TIMES {
        frontend.expect(&expected)?;
    }
    end_counting();
    Ok(())
}

fn is_ready() -> bool {
    let frontend = HTTP
        .parse()
        .map_err(Failure::from)
        .and_then(Connection::open);
    frontend.is_ok_and(|mut frontend| frontend.get("/readyz").is_ok())
}

/// Says and hears as little as can be: it is counted, too.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(frontend: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(frontend)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn expect(&mut self, expected: &[u8]) -> Result<(), Failure> {
        let answer = self.get(EXAMPLE)?;
        (answer == expected)
            .then_some(())
            .ok_or("another answer".into())
    }

    /// The body of an answer that is well.
    fn get(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let well = line.starts_with("HTTP/1.1 200");
        let mut length = 0;
        while line.trim() != "" {
            line.clear();
            self.0.read_line(&mut line)?;
            if let Some(said) = line.strip_prefix("content-length: ") {
                length = said.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        well.then_some(body).ok_or("no answer that is well".into())
    }
}
