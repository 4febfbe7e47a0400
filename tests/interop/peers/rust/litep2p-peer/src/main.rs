// SPDX-License-Identifier: MIT OR Apache-2.0

//! A small peer on litep2p: TCP or WebSocket, Noise, yamux; as a listener also WebRTC-Direct, version 1.

use futures::StreamExt as _;
use litep2p::{
    codec::ProtocolCodec,
    config::ConfigBuilder,
    error::{DialError, NegotiationError, SubstreamError},
    protocol::{
        libp2p::{
            identify::{Config as IdentifyConfig, IdentifyEvent},
            ping::Config as PingConfig,
        },
        Direction, TransportEvent, TransportService, UserProtocol,
    },
    substream::Substream,
    transport::{
        tcp::config::Config as TcpConfig, webrtc::config::Config as WebRtcConfig,
        websocket::config::Config as WebSocketConfig,
    },
    types::protocol::ProtocolName,
    Litep2p, Litep2pEvent, PeerId,
};
use peer_common::{
    dial_deadline, serve, transport_of, Dialer, Failure, Listening, Node, Result, ECHO, LITEP2P_PERF, PERF, PING, RESET,
};
use serde_json::{json, Value};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

const AGENT: &str = "interop-litep2p/0.16.0";

// ---- Raw streams ----------------------------------------------------------------

enum Command {
    Open(PeerId, oneshot::Sender<Result<Substream>>),
    Close(PeerId),
}

/// One protocol with raw streams: inbound ones go to [`serve`], outbound ones are asked for.
struct Raw {
    protocol: &'static str,
    events: bool,
    commands: mpsc::UnboundedReceiver<Command>,
}

#[async_trait::async_trait]
impl UserProtocol for Raw {
    fn protocol(&self) -> ProtocolName {
        ProtocolName::from(self.protocol)
    }

    fn codec(&self) -> ProtocolCodec {
        ProtocolCodec::Unspecified
    }

    async fn run(mut self: Box<Self>, mut service: TransportService) -> litep2p::Result<()> {
        let mut opening = HashMap::new();
        let mut connected = HashSet::new();
        let mut early: HashMap<PeerId, Vec<Command>> = HashMap::new();
        let mut clogged: Vec<Command> = Vec::new();
        loop {
            let retry = tokio::time::sleep(Duration::from_micros(200));
            let mut commands: Vec<Command> = Vec::new();
            tokio::select! {
                Some(command) = self.commands.recv() => commands.push(command),
                () = retry, if !clogged.is_empty() => commands.append(&mut clogged),
                event = service.next() => match event {
                    None => return Ok(()),
                    Some(TransportEvent::ConnectionEstablished { peer, .. }) => {
                        connected.insert(peer);
                        commands.extend(early.remove(&peer).unwrap_or_default());
                    }
                    Some(TransportEvent::ConnectionClosed { peer }) => {
                        connected.remove(&peer);
                    }
                    Some(TransportEvent::SubstreamOpened { direction: Direction::Inbound, substream, .. }) => {
                        let (protocol, events) = (self.protocol, self.events);
                        tokio::spawn(async move { serve(protocol, substream, events).await });
                    }
                    Some(TransportEvent::SubstreamOpened { direction: Direction::Outbound(id), substream, .. }) => {
                        if let Some(answer) = opening.remove(&id) {
                            let _ = oneshot::Sender::send(answer, Ok(substream));
                        }
                    }
                    Some(TransportEvent::SubstreamOpenFailure { substream, error }) => {
                        if let Some(answer) = opening.remove(&substream) {
                            let _ = answer.send(Err(failure_to_open(error)));
                        }
                    }
                    Some(_) => {}
                },
            }
            for command in commands {
                let (Command::Open(peer, _) | Command::Close(peer)) = &command;
                let peer = *peer;
                if !connected.contains(&peer) {
                    early.entry(peer).or_default().push(command);
                    continue;
                }
                match command {
                    Command::Close(_) => {
                        let _ = service.force_close(peer);
                    }
                    Command::Open(_, answer) => match service.open_substream(peer) {
                        Ok(id) => {
                            opening.insert(id, answer);
                        }
                        Err(SubstreamError::ChannelClogged) => clogged.push(Command::Open(peer, answer)),
                        Err(error) => {
                            let _ = answer.send(Err(failure_to_open(error)));
                        }
                    },
                }
            }
        }
    }
}

fn failure_to_open(error: SubstreamError) -> Failure {
    match error {
        SubstreamError::NegotiationError(NegotiationError::MultistreamSelectError(e)) => {
            Failure::new("no_common_protocol", format!("{e:?}"))
        }
        SubstreamError::ConnectionClosed | SubstreamError::PeerDoesNotExist(_) => {
            Failure::new("connection_closed", error.to_string())
        }
        other => Failure::from_text(format!("{other}; {other:?}")),
    }
}

// ---- The node -------------------------------------------------------------------

type Openers = HashMap<&'static str, mpsc::UnboundedSender<Command>>;
type Identified = Box<dyn futures::Stream<Item = IdentifyEvent> + Send + Unpin>;

struct Parts {
    litep2p: Litep2p,
    identified: Identified,
    openers: Openers,
}

fn make(listen: Option<Vec<String>>, events: bool) -> Result<Parts> {
    let serving = listen.is_some();
    let (mut addresses, mut web_addresses, mut datagram_addresses) = (Vec::new(), Vec::new(), Vec::new());
    for address in listen.unwrap_or_default() {
        let of_transport = if is_webrtc(&address) {
            &mut datagram_addresses
        } else if address.ends_with("/ws") {
            &mut web_addresses
        } else {
            &mut addresses
        };
        of_transport.push(address.parse().map_err(|e| Failure::new("invalid_address", format!("{e:?}")))?);
    }
    let (identify, identified) = IdentifyConfig::new("ipfs/0.1.0".into(), Some(AGENT.into()));
    let mut config = ConfigBuilder::new()
        .with_tcp(TcpConfig { listen_addresses: addresses, reuse_port: false, nodelay: true, ..Default::default() })
        .with_websocket(WebSocketConfig {
            listen_addresses: web_addresses,
            reuse_port: false,
            nodelay: true,
            ..Default::default()
        })
        .with_libp2p_identify(identify)
        .with_keep_alive_timeout(Duration::from_secs(3600));
    if !datagram_addresses.is_empty() {
        config = config.with_webrtc(WebRtcConfig { listen_addresses: datagram_addresses, ..Default::default() });
    }
    let mut openers = HashMap::new();
    // A dialer pings by raw streams, a listener by the library's own protocol.
    let mut protocols = vec![ECHO, PERF, LITEP2P_PERF, RESET];
    if serving {
        let (ping, mut pings) = PingConfig::default();
        tokio::spawn(async move { while pings.next().await.is_some() {} });
        config = config.with_libp2p_ping(ping);
    } else {
        protocols.push(PING);
    }
    for protocol in protocols {
        let (opener, commands) = mpsc::unbounded_channel();
        openers.insert(protocol, opener);
        config = config.with_user_protocol(Box::new(Raw { protocol, events, commands }));
    }
    let litep2p = Litep2p::new(config.build()).map_err(|e| Failure::from_text(format!("{e}; {e:?}")))?;
    Ok(Parts { litep2p, identified, openers })
}

fn is_webrtc(address: &str) -> bool {
    address.contains("/webrtc-direct")
}

fn peer_of(address: &str) -> Result<PeerId> {
    if is_webrtc(address) {
        return Err(Failure::new("unsupported", "litep2p cannot dial WebRTC-Direct"));
    }
    let (_, id) = address
        .rsplit_once("/p2p/")
        .ok_or_else(|| Failure::new("invalid_address", "the address does not end in /p2p/<peer id>"))?;
    id.parse().map_err(|e| Failure::new("invalid_address", format!("{e:?}")))
}

fn failure_of(error: DialError) -> Failure {
    match &error {
        DialError::NegotiationError(NegotiationError::PeerIdMismatch(..)) => {
            Failure::new("peer_mismatch", error.to_string())
        }
        _ => Failure::from_text(format!("{error}; {error:?}")),
    }
}

async fn connected(litep2p: &mut Litep2p, address: &str) -> Result<()> {
    let address = address.parse().map_err(|e| Failure::new("invalid_address", format!("{e:?}")))?;
    litep2p.dial_address(address).await.map_err(|e| Failure::from_text(format!("{e}; {e:?}")))?;
    loop {
        match litep2p.next_event().await {
            Some(Litep2pEvent::ConnectionEstablished { .. }) => return Ok(()),
            Some(Litep2pEvent::DialFailure { error, .. }) => return Err(failure_of(error)),
            Some(Litep2pEvent::ListDialFailures { errors }) => {
                let first = errors.into_iter().next().map(|(_, error)| failure_of(error));
                return Err(first.unwrap_or_else(|| Failure::new("io_error", "the dial failed")));
            }
            Some(_) => {}
            None => return Err(Failure::new("connection_closed", "the node has ended")),
        }
    }
}

fn keep_running(mut litep2p: Litep2p, mut identified: Identified) {
    tokio::spawn(async move { while identified.next().await.is_some() {} });
    tokio::spawn(async move { while litep2p.next_event().await.is_some() {} });
}

struct LiteNode {
    peer: PeerId,
    openers: Openers,
}

struct LiteDialer {
    litep2p: Litep2p,
    openers: Openers,
    address: String,
    peer: PeerId,
    open: bool,
}

impl Dialer for LiteDialer {
    async fn connect(&mut self) -> Result<()> {
        connected(&mut self.litep2p, &self.address).await?;
        self.open = true;
        Ok(())
    }

    async fn close(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let _ = self.openers[ECHO].send(Command::Close(self.peer));
        while let Some(event) = self.litep2p.next_event().await {
            if matches!(event, Litep2pEvent::ConnectionClosed { .. }) {
                return;
            }
        }
    }
}

impl Node for LiteNode {
    type Stream = Substream;
    type Listener = ();
    type Dialer = LiteDialer;

    async fn listen(addresses: Vec<String>, events: bool) -> Result<((), Listening)> {
        let parts = make(Some(addresses), events)?;
        let peer = parts.litep2p.local_peer_id().to_string();
        let addresses = parts.litep2p.listen_addresses().map(|a| a.to_string()).collect();
        keep_running(parts.litep2p, parts.identified);
        Ok(((), Listening { peer, addresses, agent: AGENT }))
    }

    async fn dial(address: &str) -> Result<Self> {
        let peer = peer_of(address)?;
        let mut parts = make(None, false)?;
        dial_deadline(connected(&mut parts.litep2p, address)).await?;
        keep_running(parts.litep2p, parts.identified);
        Ok(Self { peer, openers: parts.openers })
    }

    async fn open(&self, protocol: &'static str) -> Result<Substream> {
        let closed = || Failure::new("connection_closed", "the connection has ended");
        let (answer, stream) = oneshot::channel();
        self.openers[protocol].send(Command::Open(self.peer, answer)).map_err(|_| closed())?;
        stream.await.map_err(|_| closed())?
    }

    async fn identify(address: &str) -> Result<Value> {
        peer_of(address)?;
        let (transport, security, muxer) = transport_of(address);
        let mut parts = make(None, false)?;
        dial_deadline(async {
            connected(&mut parts.litep2p, address).await?;
            let litep2p = &mut parts.litep2p;
            loop {
                tokio::select! {
                    event = litep2p.next_event() => if let None | Some(Litep2pEvent::ConnectionClosed { .. }) = event {
                        return Err(Failure::new("connection_closed", "closed before identify was done"));
                    },
                    event = parts.identified.next() => match event {
                        None => return Err(Failure::new("io_error", "identify has ended")),
                        Some(IdentifyEvent::PeerIdentified {
                            peer, user_agent, supported_protocols, observed_address, listen_addresses, ..
                        }) => return Ok(json!({
                            "peer": peer.to_string(),
                            "agent": user_agent,
                            "protocols": supported_protocols.iter().map(|p| p.to_string()).collect::<Vec<_>>(),
                            "addresses": listen_addresses.iter().map(|a| a.to_string()).collect::<Vec<_>>(),
                            "observed": observed_address.to_string(),
                            "transport": transport, "security": security, "muxer": muxer,
                        })),
                    },
                }
            }
        })
        .await
    }

    fn dialer(address: &str) -> Result<LiteDialer> {
        let peer = peer_of(address)?;
        let Parts { litep2p, mut identified, openers } = make(None, false)?;
        tokio::spawn(async move { while identified.next().await.is_some() {} });
        Ok(LiteDialer { litep2p, openers, address: address.to_string(), peer, open: false })
    }
}

fn main() {
    peer_common::run::<LiteNode>()
}
