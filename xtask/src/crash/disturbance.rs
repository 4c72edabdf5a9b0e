//! The processes under test, and what is done to them.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::random::Random;
use crate::server::{Installation, Server, psql};

/// One or more processes of one installation.
pub(super) struct Fleet {
    installation: Installation,
    log: PathBuf,
    addresses: Vec<String>,
    servers: Vec<Option<Server>>,
    kills: u64,
    cuts: u64,
    own_ends: u64,
}

impl Fleet {
    /// Starts the processes; each keeps its address through all restarts.
    pub(super) async fn start(installation: Installation, processes: usize, log: PathBuf) -> Result<Self, String> {
        let mut servers = Vec::new();
        for _ in 0..processes {
            servers.push(Some(installation.serve("127.0.0.1:0", &log).await?));
        }
        let addresses = servers.iter().flatten().map(|server| server.address.clone()).collect();
        Ok(Self { installation, log, addresses, servers, kills: 0, cuts: 0, own_ends: 0 })
    }

    /// Where the processes listen.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    /// What was done, in words.
    pub(super) fn tally(&self) -> String {
        format!(
            "{} kills, {} times all database connections cut, {} times the process ended by itself",
            self.kills, self.cuts, self.own_ends
        )
    }

    /// Kills a process at a random moment and starts it again, until it has been done `kills` times. On PostgreSQL, all
    /// connections to the database are cut now and then as well.
    pub(super) async fn disturb(&mut self, kills: u64, random: &mut Random) -> Outcome {
        while self.kills < kills {
            tokio::time::sleep(Duration::from_millis(random.between(50, 1_500))).await;
            if self.installation.database.is_some() && random.once_in(3) {
                self.cut_connections()?;
                continue;
            }
            let victim = usize::try_from(random.next()).unwrap_or_default() % self.servers.len();
            if let Some(server) = self.servers[victim].take() {
                server.kill().await?;
                self.kills += 1;
            }
            // Some restarts are at once, some leave the others alone for a while.
            tokio::time::sleep(Duration::from_millis(random.between(0, 300))).await;
            self.raise().await?;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.raise().await
    }

    /// Starts every process that is not there.
    async fn raise(&mut self) -> Outcome {
        for (server, address) in self.servers.iter_mut().zip(&self.addresses) {
            if server.as_mut().is_some_and(Server::has_ended) {
                // Allowed: a writer that cannot continue ends the process.
                self.own_ends += 1;
                *server = None;
            }
            if server.is_none() {
                *server = Some(self.installation.serve(address, &self.log).await?);
            }
        }
        Ok(())
    }

    fn cut_connections(&mut self) -> Outcome {
        let Some(database) = &self.installation.database else { return Ok(()) };
        psql(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        )?;
        self.cuts += 1;
        Ok(())
    }

    /// Orderly end of all processes.
    pub(super) async fn stop(self) -> Outcome {
        for server in self.servers.into_iter().flatten() {
            server.stop().await?;
        }
        Ok(())
    }
}
