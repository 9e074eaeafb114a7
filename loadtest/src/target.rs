//! What is asked, and of whom.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, Uri};
use poollab_model::wire::LoadOrder;

/// The body of a request: there is none.
pub(crate) type NoBody = Empty<Bytes>;

/// What stands for the id in an order's path.
pub(crate) const ID: &str = "{id}";

/// A request with everything prepared but its id.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where the service may listen, to be tried in this order: a name can have several addresses.
    pub addresses: Vec<SocketAddr>,
    /// Whether the path carries an id, so that the answer must too.
    pub names_id: bool,
    method: Method,
    host: HeaderValue,
    /// The path, cut where the id stands.
    pieces: Vec<String>,
}

impl Target {
    /// Prepares the requests of a validated order to each of its services. Fails when an address can't be
    /// resolved.
    pub fn all(order: &LoadOrder) -> io::Result<Vec<Self>> {
        let others = order.course.iter().flat_map(|course| &course.others);
        std::iter::once(&order.address).chain(others).map(|address| Self::new(order, address)).collect()
    }

    fn new(order: &LoadOrder, address: &str) -> io::Result<Self> {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        let addresses: Vec<_> = address.to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(Self {
            addresses,
            names_id: order.path.contains(ID),
            method: match order.method {
                poollab_model::Method::Get => Method::GET,
                poollab_model::Method::Post => Method::POST,
            },
            host: HeaderValue::from_str(address).map_err(invalid)?,
            pieces: order.path.split(ID).map(str::to_owned).collect(),
        })
    }

    /// The service as the order names it.
    pub fn name(&self) -> &str {
        self.host.to_str().unwrap_or_default()
    }

    /// Whether a service that saw a request twice would have done no more than for one (RFC 9110, 9.2.2).
    pub fn can_repeat(&self) -> bool {
        self.method.is_idempotent()
    }

    /// The request for an id.
    pub fn request(&self, id: &str) -> Request<NoBody> {
        let mut path = Vec::with_capacity(self.pieces.iter().map(|piece| piece.len() + id.len()).sum());
        for (n, piece) in self.pieces.iter().enumerate() {
            if n > 0 {
                path.extend_from_slice(id.as_bytes());
            }
            path.extend_from_slice(piece.as_bytes());
        }
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(HOST, self.host.clone());
        let mut request = Request::new(NoBody::new());
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = headers;
        match Uri::from_maybe_shared(Bytes::from(path)) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => unreachable!("the path was validated, and digits can't make it invalid: {error}"),
        }
        request
    }
}
