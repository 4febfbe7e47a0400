// SPDX-License-Identifier: MIT OR Apache-2.0

//! A small peer on rust-libp2p: TCP or WebSocket, Noise, yamux; or WebRTC-Direct, version 1.

use futures::StreamExt as _;
use libp2p::{
    core::{
        transport::PortUse,
        upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo, Version},
        Endpoint,
    },
    identify, multiaddr::Protocol, noise, ping,
    swarm::{
        behaviour::toggle::Toggle,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, DialError, FromSwarm,
        NetworkBehaviour, Stream, StreamProtocol, StreamUpgradeError, SubstreamProtocol, SwarmEvent, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
    tcp, yamux, Multiaddr, PeerId, Swarm, SwarmBuilder, Transport as _,
};
use libp2p_webrtc::tokio as webrtc;
use libp2p_websocket as websocket;
use peer_common::{
    dial_deadline, transport_of, serve, Dialer, Failure, Listening, Node, Result, ECHO, LITEP2P_PERF, PERF, PING, RESET,
};
use serde_json::{json, Value};
use std::{
    convert::Infallible,
    future::{ready, Ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt as _};

const AGENT: &str = "interop-rust/0.57.1";

// ---- Raw streams ----------------------------------------------------------------

/// Gives the stream as it is once the protocol is agreed.
#[derive(Clone)]
struct Plain(Vec<StreamProtocol>);

impl UpgradeInfo for Plain {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Plain {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}

impl OutboundUpgrade<Stream> for Plain {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        ready(Ok(stream))
    }
}

type Answer = oneshot::Sender<Result<Stream>>;
type Opener = mpsc::UnboundedSender<(&'static str, Answer)>;

/// Hands inbound streams to [`serve`] and opens streams for an [`Opener`].
struct Raw {
    protocols: Vec<StreamProtocol>,
    events: bool,
    newest: Arc<Mutex<Option<Opener>>>,
}

struct RawHandler {
    protocols: Vec<StreamProtocol>,
    events: bool,
    wanted: mpsc::UnboundedReceiver<(&'static str, Answer)>,
}

impl Raw {
    fn handler(&self) -> RawHandler {
        let (opener, wanted) = mpsc::unbounded_channel();
        *self.newest.lock().unwrap() = Some(opener);
        RawHandler { protocols: self.protocols.clone(), events: self.events, wanted }
    }
}

impl NetworkBehaviour for Raw {
    type ConnectionHandler = RawHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> std::result::Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> std::result::Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

impl ConnectionHandler for RawHandler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Infallible;
    type InboundProtocol = Plain;
    type OutboundProtocol = Plain;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Answer;

    fn listen_protocol(&self) -> SubstreamProtocol<Plain, ()> {
        SubstreamProtocol::new(Plain(self.protocols.clone()), ())
    }

    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Plain, Answer, Infallible>> {
        match self.wanted.poll_recv(cx) {
            Poll::Ready(Some((protocol, answer))) => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(Plain(vec![StreamProtocol::new(protocol)]), answer),
            }),
            _ => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Plain, Plain, (), Answer>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: (stream, protocol), .. }) => {
                let events = self.events;
                tokio::spawn(async move { serve(protocol.as_ref(), stream.compat(), events).await });
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                let _ = info.send(Ok(protocol));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let _ = info.send(Err(match error {
                    StreamUpgradeError::Timeout => Failure::new("timed_out", "opening a stream"),
                    StreamUpgradeError::NegotiationFailed => Failure::new("no_common_protocol", "opening a stream"),
                    StreamUpgradeError::Io(error) => error.into(),
                    StreamUpgradeError::Apply(error) => match error {},
                }));
            }
            _ => {}
        }
    }
}

// ---- The node -------------------------------------------------------------------

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: Toggle<ping::Behaviour>,
    raw: Raw,
}

fn new_swarm(serving: bool, events: bool) -> Result<(Swarm<Behaviour>, Arc<Mutex<Option<Opener>>>)> {
    let newest = Arc::new(Mutex::new(None));
    // The library's responder serves one ping stream at a time, the newest, and its own pings would be
    // newer than ours: a dialer pings by raw streams, and answers pings itself.
    let protocols = if serving { vec![ECHO, PERF, LITEP2P_PERF, RESET] } else { vec![PING] };
    let raw = Raw {
        protocols: protocols.into_iter().map(StreamProtocol::new).collect(),
        events,
        newest: newest.clone(),
    };
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|e| Failure::new("io_error", e.to_string()))?
        .with_other_transport(|key| {
            let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
            let secured = websocket::Config::new(tcp).upgrade(Version::V1Lazy).authenticate(noise::Config::new(key)?);
            Ok(secured.multiplex(yamux::Config::default()))
        })
        .map_err(|e| Failure::new("io_error", e.to_string()))?
        .with_other_transport(|key| {
            let certificate = webrtc::Certificate::generate(&mut rand::rng())?;
            Ok(webrtc::Transport::new(key.clone(), certificate))
        })
        .map_err(|e| Failure::new("io_error", e.to_string()))?
        .with_behaviour(|key| Behaviour {
            identify: identify::Behaviour::new(
                identify::Config::new("ipfs/0.1.0".into(), key.public()).with_agent_version(AGENT.into()),
            ),
            ping: serving.then(ping::Behaviour::default).into(),
            raw,
        })
        .map_err(|e| Failure::new("io_error", e.to_string()))?
        .with_swarm_config(|c| {
            c.with_idle_connection_timeout(Duration::from_secs(3600)).with_max_negotiating_inbound_streams(4096)
        })
        .build();
    Ok((swarm, newest))
}

fn parse(address: &str) -> Result<Multiaddr> {
    let parsed: Multiaddr = address.parse().map_err(|e| Failure::new("invalid_address", format!("{e}")))?;
    match parsed.iter().last() {
        Some(Protocol::P2p(_)) => Ok(parsed),
        _ => Err(Failure::new("invalid_address", "the address does not end in /p2p/<peer id>")),
    }
}

fn failure_of(error: DialError) -> Failure {
    match &error {
        DialError::WrongPeerId { .. } => Failure::new("peer_mismatch", error.to_string()),
        DialError::Transport(_) => Failure::from_text(format!("{error}; {error:?}")),
        _ => Failure::from_text(error.to_string()),
    }
}

/// Begins a dial. WebRTC dials from the socket of a listener and not without one; the first dial makes it.
fn dial(swarm: &mut Swarm<Behaviour>, address: Multiaddr) -> Result<()> {
    let mut parts = address.iter();
    let ip = parts.next();
    let is_webrtc = parts.any(|part| part == Protocol::WebRTCDirect);
    if is_webrtc && swarm.listeners().next().is_none() {
        let from = match ip {
            Some(Protocol::Ip4(ip)) if ip.is_loopback() => "/ip4/127.0.0.1/udp/0/webrtc-direct",
            Some(Protocol::Ip6(_)) => "/ip6/::/udp/0/webrtc-direct",
            _ => "/ip4/0.0.0.0/udp/0/webrtc-direct",
        };
        let from = from.parse().expect("an address");
        swarm.listen_on(from).map_err(|e| Failure::from_text(format!("{e}; {e:?}")))?;
    }
    swarm.dial(address).map_err(failure_of)
}

async fn connected(swarm: &mut Swarm<Behaviour>, address: Multiaddr) -> Result<ConnectionId> {
    dial(swarm, address)?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { connection_id, .. } => return Ok(connection_id),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(failure_of(error)),
            _ => {}
        }
    }
}

struct RustNode {
    opener: Opener,
}

struct RustDialer {
    swarm: Swarm<Behaviour>,
    address: Multiaddr,
    connection: Option<ConnectionId>,
}

impl Dialer for RustDialer {
    async fn connect(&mut self) -> Result<()> {
        self.connection = Some(connected(&mut self.swarm, self.address.clone()).await?);
        Ok(())
    }

    async fn close(&mut self) {
        let Some(id) = self.connection.take() else { return };
        self.swarm.close_connection(id);
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::ConnectionClosed { connection_id, .. } if connection_id == id => return,
                _ => {}
            }
        }
    }
}

impl Node for RustNode {
    type Stream = Compat<Stream>;
    type Listener = tokio::task::JoinHandle<()>;
    type Dialer = RustDialer;

    async fn listen(addresses: Vec<String>, events: bool) -> Result<(Self::Listener, Listening)> {
        let (mut swarm, _) = new_swarm(true, events)?;
        let any = addresses.iter().any(|a| a.contains("/0.0.0.0/") || a.contains("/::/"));
        let mut waiting = addresses.len();
        for address in addresses {
            let address: Multiaddr = address.parse().map_err(|e| Failure::new("invalid_address", format!("{e}")))?;
            swarm.listen_on(address).map_err(|e| Failure::from_text(format!("{e}; {e:?}")))?;
        }
        let id = *swarm.local_peer_id();
        let mut found = Vec::new();
        while waiting > 0 {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { address, .. } => {
                    found.push(format!("{address}/p2p/{id}"));
                    waiting -= 1;
                }
                SwarmEvent::ListenerError { error, .. } => return Err(error.into()),
                _ => {}
            }
        }
        // A wildcard gives one event an interface; they come together.
        while any {
            match tokio::time::timeout(Duration::from_millis(50), swarm.select_next_some()).await {
                Ok(SwarmEvent::NewListenAddr { address, .. }) => found.push(format!("{address}/p2p/{id}")),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let task = tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        Ok((task, Listening { peer: id.to_string(), addresses: found, agent: AGENT }))
    }

    async fn dial(address: &str) -> Result<Self> {
        let address = parse(address)?;
        let (mut swarm, newest) = new_swarm(false, false)?;
        dial_deadline(connected(&mut swarm, address)).await?;
        let opener = newest.lock().unwrap().clone().expect("a handler was made");
        tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        Ok(Self { opener })
    }

    async fn open(&self, protocol: &'static str) -> Result<Self::Stream> {
        let closed = || Failure::new("connection_closed", "the connection has ended");
        let (answer, stream) = oneshot::channel();
        self.opener.send((protocol, answer)).map_err(|_| closed())?;
        Ok(stream.await.map_err(|_| closed())??.compat())
    }

    async fn identify(address: &str) -> Result<Value> {
        let (transport, security, muxer) = transport_of(address);
        let address = parse(address)?;
        let (mut swarm, _) = new_swarm(false, false)?;
        dial_deadline(async {
            dial(&mut swarm, address)?;
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::OutgoingConnectionError { error, .. } => return Err(failure_of(error)),
                    SwarmEvent::ConnectionClosed { cause, .. } => {
                        return Err(Failure::new("connection_closed", format!("{cause:?}")))
                    }
                    SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Error { error, .. })) => {
                        return Err(Failure::from_text(format!("{error:?}")))
                    }
                    SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                        peer_id, info, ..
                    })) => {
                        return Ok(json!({
                            "peer": peer_id.to_string(),
                            "agent": info.agent_version,
                            "protocols": info.protocols.iter().map(|p| p.to_string()).collect::<Vec<_>>(),
                            "addresses": info.listen_addrs.iter().map(|a| a.to_string()).collect::<Vec<_>>(),
                            "observed": info.observed_addr.to_string(),
                            "signed_record": info.signed_peer_record.is_some(),
                            "transport": transport, "security": security, "muxer": muxer,
                        }))
                    }
                    _ => {}
                }
            }
        })
        .await
    }

    fn dialer(address: &str) -> Result<RustDialer> {
        let (swarm, _) = new_swarm(false, false)?;
        Ok(RustDialer { swarm, address: parse(address)?, connection: None })
    }
}

fn main() {
    // Two providers are compiled in by dependencies, so that rustls would not choose.
    let _ = rustls::crypto::ring::default_provider().install_default();
    peer_common::run::<RustNode>()
}
