//! The processes under test, which are killed and restarted.

use std::path::PathBuf;
use std::time::Duration;

use crate::TaskResult;

use crate::server::{ServerProcess, TestInstallation, psql};

/// The processes of one installation.
pub(super) struct Processes {
    installation: TestInstallation,
    log: PathBuf,
    addresses: Vec<String>,
    servers: Vec<Option<ServerProcess>>,
    kills: u64,
    cuts: u64,
    own_exits: u64,
}

impl Processes {
    /// Starts the processes. Each keeps its address through all restarts.
    pub(super) async fn start(installation: TestInstallation, count: usize, log: PathBuf) -> Result<Self, String> {
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(Some(installation.serve("127.0.0.1:0", &log).await?));
        }
        let addresses = servers.iter().flatten().map(|server| server.address.clone()).collect();
        Ok(Self { installation, log, addresses, servers, kills: 0, cuts: 0, own_exits: 0 })
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    pub(super) fn summary(&self) -> String {
        format!(
            "{} kills, {} times all database connections cut, {} times a process exited by itself",
            self.kills, self.cuts, self.own_exits
        )
    }

    /// Kills a process at a random moment and restarts it, `kills` times. On PostgreSQL, all database connections are also cut at
    /// random moments.
    pub(super) async fn disturb(&mut self, kills: u64, random: &mut fastrand::Rng) -> TaskResult {
        while self.kills < kills {
            tokio::time::sleep(Duration::from_millis(random.u64(50..=1_500))).await;
            if self.installation.database.is_some() && random.u8(..3) == 0 {
                self.cut_connections()?;
                continue;
            }
            let victim = random.usize(..self.servers.len());
            if let Some(server) = self.servers[victim].take() {
                server.kill().await?;
                self.kills += 1;
            }
            // Some restarts are immediate, some leave the other process alone for a while.
            tokio::time::sleep(Duration::from_millis(random.u64(..=300))).await;
            self.start_missing().await?;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.start_missing().await
    }

    /// Starts every process that is not running.
    async fn start_missing(&mut self) -> TaskResult {
        for (server, address) in self.servers.iter_mut().zip(&self.addresses) {
            if server.as_mut().is_some_and(ServerProcess::has_ended) {
                // Allowed: the process exits when its writer cannot continue.
                self.own_exits += 1;
                *server = None;
            }
            if server.is_none() {
                *server = Some(self.installation.serve(address, &self.log).await?);
            }
        }
        Ok(())
    }

    fn cut_connections(&mut self) -> TaskResult {
        let Some(database) = &self.installation.database else { return Ok(()) };
        psql(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        )?;
        self.cuts += 1;
        Ok(())
    }

    pub(super) async fn stop(self) -> TaskResult {
        for server in self.servers.into_iter().flatten() {
            server.stop().await?;
        }
        Ok(())
    }
}
