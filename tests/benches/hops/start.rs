//! How long a start takes, and what it has in memory when nobody asks anything.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Failure,
    args::Pace,
    bare::Handlers,
    hotels::{self, System},
    median::{median, spread},
    memory::Resident,
    server::free,
    serving::Runtime,
};

const REQUEST: &[u8] =
    b"GET /hotels?inDate=2015-04-09&outDate=2015-04-10 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(1);
/// After the first answer, for what a start leaves behind to be gone.
const SETTLED: Duration = Duration::from_secs(3);

/// Measures starts, and then what is in memory.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    let starts = (0..pace.trials).map(|_| first_answer());
    let starts: Vec<f64> = starts.collect::<Result<_, Failure>>()?;
    let mut text = format!(
        "| `hotels up`: from its start to the first answer, {} times | median ms | slowest ms | spread |\n\
         |---|---:|---:|---:|\n\
         | | {:.0} | {:.0} | {:.0} % |\n\n",
        pace.trials,
        median(starts.iter().copied()),
        starts.iter().copied().fold(0.0, f64::max),
        spread(starts.iter().copied()) * 100.0,
    );
    idle(&mut text)?;
    Ok(text)
}

/// Milliseconds until a process that is started has given an answer that is well.
fn first_answer() -> Result<f64, Failure> {
    let address = free()?;
    let up = [
        "up",
        "--http",
        &address.to_string(),
        "--registry",
        "127.0.0.1:0",
    ];
    let began = Instant::now();
    let _process = hotels::hotels(&up, &[])?;
    while !answers(address) {
        if began.elapsed() > PATIENCE {
            return Err(format!("hotels up: no answer in {PATIENCE:?}").into());
        }
        thread::sleep(PAUSE);
    }
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

fn answers(address: SocketAddr) -> bool {
    let mut answer = Vec::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(REQUEST)?;
        stream.read_to_end(&mut answer)
    });
    asked.is_ok() && answer.starts_with(b"HTTP/1.1 200")
}

fn idle(text: &mut String) -> Result<(), Failure> {
    let five = System::in_five_processes("one process per service", &[])?;
    let up = System::in_one_process("hotels up", &[], &[])?;
    let bare_five = System::bare_in_five("bare", Runtime::Threads, Handlers::Own)?;
    let bare_up = System::bare_in_one("bare", Runtime::Threads, Handlers::Own)?;
    thread::sleep(SETTLED);
    *text += "| idle process | Bellhop, MiB resident | of it not files | our handlers on tonic, MiB resident | of it not files |\n\
              |---|---:|---:|---:|---:|\n";
    let pairs = five.processes.iter().zip(&bare_five.processes);
    for ((service, process), (_, bare)) in pairs {
        row(text, service, process.resident()?, bare.resident()?);
    }
    let ((_, up), (_, bare)) = (&up.processes[0], &bare_up.processes[0]);
    row(text, "all five in one", up.resident()?, bare.resident()?);
    Ok(())
}

fn row(text: &mut String, name: &str, bellhop: Resident, bare: Resident) {
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "| {name} | {:.1} | {:.1} | {:.1} | {:.1} |",
        bellhop.all, bellhop.own, bare.all, bare.own
    );
}
