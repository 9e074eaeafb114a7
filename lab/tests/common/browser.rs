//! A real Chromium, driven by its own protocol (https://chromedevtools.github.io/devtools-protocol/).

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PATIENCE: Duration = Duration::from_secs(30);

/// One browser with one page. What went wrong on that page, and what it asked the network for, is kept.
pub struct Browser {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    number: u64,
    /// Errors and warnings of the console, and exceptions.
    pub complaints: Vec<String>,
    /// Addresses that were asked for, `data:` ones not among them.
    pub requests: Vec<String>,
    _profile: tempfile::TempDir,
}

/// Starts one. `None`: there is no Chromium, which is said, and is a failure where `CI` is set.
pub fn browser() -> Option<Browser> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.is_file());
    match found {
        Some(program) => Some(Browser::start(&program)),
        None if std::env::var_os("CI").is_some() => panic!("no Chromium in PATH, and CI is set"),
        None => {
            println!("skipped: no Chromium in PATH (looked for {})", NAMES.join(", "));
            None
        }
    }
}

impl Browser {
    fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a profile");
        let mut process = Command::new(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args(["--disable-background-networking", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Chromium starts");
        let stderr = BufReader::new(process.stderr.take().expect("its words"));
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // All of it is read to the end: a full pipe would stop the browser.
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    let _ = sender.send(address.to_owned());
                }
            }
        });
        let address = receiver.recv_timeout(PATIENCE).expect("Chromium says where it listens");
        let (socket, _) = tungstenite::connect(&address).expect("a connection to Chromium");
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        }
        let mut browser = Self {
            process,
            socket,
            session: String::new(),
            number: 0,
            complaints: Vec::new(),
            requests: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Goes somewhere and waits until it has loaded.
    pub fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({"url": address}));
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// What an expression is on the page.
    pub fn ask(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&mut self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask(expression) != true {
            let page = || "the page never got there";
            assert!(Instant::now() < deadline, "{}: {expression}", page());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Gives the page another width and another colour scheme.
    pub fn dress(&mut self, width: u32, scheme: &str) {
        let metrics = json!({"width": width, "height": 1_000, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", feature);
    }

    /// Presses a key of the keyboard and lets it go: `Tab`, `Enter` or `Space`.
    pub fn press(&mut self, key: &str) {
        let (key, code, number, text) = match key {
            "Tab" => ("Tab", "Tab", 9, ""),
            "Enter" => ("Enter", "Enter", 13, "\r"),
            "Space" => (" ", "Space", 32, " "),
            other => panic!("{other} is no key that is known here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let stroke = json!({"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text});
            self.call("Input.dispatchKeyEvent", stroke);
        }
    }

    /// Sheets of A4 paper that the page takes when it is printed.
    pub fn sheets(&mut self) -> usize {
        let paper = json!({"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true});
        let print = self.call("Page.printToPDF", paper);
        let data = print["data"].as_str().expect("a document");
        let pdf = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        let text = String::from_utf8_lossy(&pdf);
        text.matches("/Type /Page").count() - text.matches("/Type /Pages").count()
    }

    /// A picture of the whole page; it is big enough to show something.
    pub fn picture(&mut self, path: &Path) {
        let shot =
            self.call("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true}));
        let data = shot["data"].as_str().expect("a picture");
        let png = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        assert!(png.len() > 10_000, "an empty picture: {} bytes", png.len());
        std::fs::write(path, png).expect("a file");
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let number = self.number;
        let mut order = json!({"id": number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            order["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(order.to_string())).expect("Chromium listens");
        loop {
            let message = self.socket.read().unwrap_or_else(|why| panic!("{method}: no answer: {why}"));
            let Ok(text) = message.to_text() else { continue };
            let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
            if value["id"] == number {
                assert!(value["error"].is_null(), "{method}: {}", value["error"]);
                return value["result"].clone();
            }
            self.note(&value);
        }
    }

    fn note(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => self.complaints.push(parameters["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled"
                if parameters["type"] == "error" || parameters["type"] == "warning" =>
            {
                self.complaints.push(parameters["args"].to_string());
            }
            "Log.entryAdded" if parameters["entry"]["level"] != "verbose" => {
                self.complaints.push(parameters["entry"].to_string());
            }
            "Network.requestWillBeSent" => {
                let address = parameters["request"]["url"].as_str().unwrap_or_default();
                if !address.starts_with("data:") {
                    self.requests.push(address.to_owned());
                }
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its own children end with it; that it has ended already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where pictures go, to be looked at.
pub fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
