//! Writes down the versions of the libraries, as `Cargo.lock` resolved them for this build.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// What `/identity` names.
const LIBRARIES: [&str; 12] = [
    "actix-web",
    "bb8",
    "bb8-postgres",
    "deadpool",
    "deadpool-postgres",
    "postgres",
    "r2d2",
    "r2d2_postgres",
    "rustls",
    "sqlx",
    "tokio",
    "tokio-postgres",
];

fn main() -> Result<(), Box<dyn Error>> {
    let lock = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", lock.display());
    let text = fs::read_to_string(&lock).map_err(|why| format!("{}: {why}", lock.display()))?;

    let mut code = String::from("/// Name and version.\nstatic VERSIONS: &[(&str, &str)] = &[\n");
    for name in LIBRARIES {
        writeln!(code, "    ({name:?}, {:?}),", version(&text, name)?)?;
    }
    code.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("versions.rs"), code)?;
    Ok(())
}

/// The version of a package. Where the lock file holds several, the one that this package itself uses:
/// its list of dependencies then names the version too.
fn version(lock: &str, name: &str) -> Result<String, String> {
    let packages: Vec<&str> = lock.split("[[package]]").skip(1).collect();
    let of = |package: &str| field(package, "version").unwrap_or_default().to_owned();
    let all: Vec<String> =
        packages.iter().filter(|package| field(package, "name") == Some(name)).map(|p| of(p)).collect();
    if let [one] = all.as_slice() {
        return Ok(one.clone());
    }
    let own = packages.iter().find(|package| field(package, "name") == Some(env!("CARGO_PKG_NAME")));
    let prefix = format!("\"{name} ");
    own.into_iter()
        .flat_map(|package| package.lines())
        .find_map(|line| line.trim().strip_prefix(&prefix))
        .map(|rest| rest.trim_end_matches(['"', ',']).to_owned())
        .ok_or_else(|| format!("Cargo.lock has {} packages named {name}, and none is ours", all.len()))
}

fn field<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    let prefix = format!("{key} = \"");
    package.lines().find_map(|line| line.strip_prefix(&prefix)?.strip_suffix('"'))
}
