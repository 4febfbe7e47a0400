// SPDX-License-Identifier: MIT OR Apache-2.0

//! A relay on rust-libp2p, and its two kinds of clients, over TCP or WebSocket with Noise and yamux. The command line and
//! the output are those of ../../go/relay, but nobody echoes: a dialer is always silent.

use futures::StreamExt as _;
use libp2p::{
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    identify, noise, ping, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux, Multiaddr, PeerId, Swarm, SwarmBuilder, Transport,
};
use libp2p_websocket as websocket;
use serde_json::json;
use std::{error::Error, time::Duration};

type Outcome<T> = Result<T, Box<dyn Error>>;
type Secured = Boxed<(PeerId, StreamMuxerBox)>;

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(NetworkBehaviour)]
struct Serving {
    relay: relay::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

#[derive(NetworkBehaviour)]
struct Client {
    relay: relay::client::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

fn identify(key: &libp2p::identity::Keypair) -> identify::Behaviour {
    identify::Behaviour::new(identify::Config::new("ipfs/0.1.0".into(), key.public()))
}

fn often() -> ping::Behaviour {
    ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_millis(200)))
}

fn over_websocket(key: &libp2p::identity::Keypair) -> Result<Secured, Box<dyn Error + Send + Sync>> {
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let secured = websocket::Config::new(tcp).upgrade(Version::V1Lazy).authenticate(noise::Config::new(key)?);
    let muxed = secured.multiplex(yamux::Config::default());
    Ok(muxed.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer))).boxed())
}

async fn relay(limited: bool) -> Outcome<()> {
    let mut config = relay::Config::default();
    config.max_circuits_per_peer = 1024;
    config.max_circuits = 1024;
    if !limited {
        config.max_circuit_bytes = 0;
        config.max_circuit_duration = Duration::from_secs(24 * 3600);
    }
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_other_transport(over_websocket)?
        .with_behaviour(|key| Serving {
            relay: relay::Behaviour::new(key.public().to_peer_id(), config),
            identify: identify(key),
            ping: ping::Behaviour::default(),
        })?
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(60)))
        .build();
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    swarm.listen_on("/ip4/127.0.0.1/tcp/0/ws".parse()?)?;
    let peer = swarm.local_peer_id().to_string();
    let mut addresses = Vec::new();
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            swarm.add_external_address(address.clone());
            addresses.push(format!("{address}/p2p/{peer}"));
            if addresses.len() == 2 {
                println!("{}", json!({"event": "listening", "peer": peer, "addresses": addresses}));
            }
        }
    }
}

fn client() -> Outcome<Swarm<Client>> {
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_other_transport(over_websocket)?
        .with_relay_client(noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key, relay| Client { relay, identify: identify(key), ping: often() })?
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(60)))
        .build())
}

async fn listen(at: &str) -> Outcome<()> {
    let mut swarm = client()?;
    swarm.listen_on(format!("{at}/p2p-circuit").parse()?)?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(ClientEvent::Relay(relay::client::Event::ReservationReqAccepted { renewal: false, .. })) => {
                let peer = swarm.local_peer_id();
                let address = format!("{at}/p2p-circuit/p2p/{peer}");
                println!("{}", json!({"event": "listening", "peer": peer.to_string(), "addresses": [address]}));
            }
            SwarmEvent::ListenerClosed { reason, .. } => return Err(format!("the listener is closed: {reason:?}").into()),
            _ => {}
        }
    }
}

async fn ping(address: &str) -> Outcome<()> {
    let mut swarm = client()?;
    let address: Multiaddr = address.parse()?;
    let wanted = match address.iter().last() {
        Some(libp2p::multiaddr::Protocol::P2p(peer)) => peer,
        _ => return Err("the address names no peer".into()),
    };
    swarm.dial(address)?;
    let pinged = async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::Behaviour(ClientEvent::Ping(ping::Event { peer, result, .. })) if peer == wanted => {
                    return result.map_err(|e| Box::<dyn Error>::from(format!("ping: {e}")));
                }
                SwarmEvent::OutgoingConnectionError { error, peer_id, .. } if peer_id == Some(wanted) => {
                    return Err(format!("dial: {error}").into());
                }
                _ => {}
            }
        }
    };
    let time = tokio::time::timeout(PATIENCE, pinged).await??;
    println!("{}", json!({"event": "summary", "rtt_ms": time.as_secs_f64() * 1000.0}));
    Ok(())
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = async {
        let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("a handler");
        signal.recv().await;
    };
    let asked = async {
        match words.as_slice() {
            ["relay"] => relay(false).await,
            ["relay", "--limited"] => relay(true).await,
            ["listen", at] => listen(at).await,
            ["ping", address] | ["ping", address, "--silent"] => ping(address).await,
            _ => Err("usage: rust-relay relay [--limited] | listen RELAY | ping MULTIADDR [--silent]".into()),
        }
    };
    tokio::select! {
        _ = ended => {}
        outcome = asked => {
            if let Err(error) = outcome {
                println!("{}", json!({"event": "error", "code": "io_error", "message": error.to_string()}));
                std::process::exit(1);
            }
        }
    }
}
