//! TLS to PostgreSQL by rustls, as the URL's `sslmode` asks for it.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::error::StoreError;

/// What is looked at in the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    /// Its issuer.
    Issuer,
    /// Its issuer, and that it was made out for the host of the URL.
    IssuerAndName,
}

/// The parameters of a URL that concern TLS.
#[derive(Debug, Default)]
pub(super) struct TlsParameters {
    pub(super) mode: Option<String>,
    pub(super) root_certificate: Option<String>,
    pub(super) client_certificate: Option<String>,
    pub(super) client_key: Option<String>,
}

/// How connections to one server are encrypted.
#[derive(Clone)]
pub(super) struct TlsSettings(TlsConnector);

fn unusable(parameter: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Configuration(format!("the file of the postgres URL's {parameter} cannot be used: {error}"))
}

fn certificates(parameter: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let read = CertificateDer::pem_file_iter(Path::new(file)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|error| unusable(parameter, &error))
}

impl TlsParameters {
    /// When TLS is used, and how.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for an unknown mode, or a file that cannot be used.
    pub(super) fn settings(&self) -> Result<(SslMode, TlsSettings), StoreError> {
        let (mode, check) = match self.mode.as_deref().unwrap_or("prefer") {
            "disable" | "allow" => (SslMode::Disable, Check::Nothing),
            "prefer" => (SslMode::Prefer, Check::Nothing),
            "require" => (SslMode::Require, Check::Nothing),
            "verify-ca" => (SslMode::Require, Check::Issuer),
            "verify-full" => (SslMode::Require, Check::IssuerAndName),
            _ => {
                return Err(StoreError::Configuration(
                    "the postgres URL's sslmode must be disable, allow, prefer, require, verify-ca or verify-full".into(),
                ));
            }
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| StoreError::defect(format!("TLS cannot be set up: {error}")))?;
        let builder = match check {
            Check::Nothing => builder.dangerous().with_custom_certificate_verifier(Arc::new(NoCheck(provider))),
            Check::Issuer => {
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()?), provider).build();
                let verifier = verifier.map_err(|error| unusable("sslrootcert", &error))?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(IssuerCheck(verifier)))
            }
            Check::IssuerAndName => builder.with_root_certificates(self.roots()?),
        };
        let config = match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(Path::new(key)).map_err(|error| unusable("sslkey", &error))?;
                let made = builder.with_client_auth_cert(certificates("sslcert", certificate)?, key);
                made.map_err(|error| unusable("sslcert", &error))?
            }
            (None, None) => builder.with_no_client_auth(),
            _ => return Err(StoreError::Configuration("the postgres URL needs both sslcert and sslkey, or neither".into())),
        };
        Ok((mode, TlsSettings(TlsConnector::from(Arc::new(config)))))
    }

    /// The system's issuers, and those of `sslrootcert`.
    fn roots(&self) -> Result<RootCertStore, StoreError> {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        if !native.errors.is_empty() {
            tracing::warn!(errors = native.errors.len(), "some of the system's certificates cannot be read");
        }
        // Systems ship certificates that rustls does not take; what they issued is refused.
        roots.add_parsable_certificates(native.certs);
        if let Some(file) = &self.root_certificate {
            for certificate in certificates("sslrootcert", file)? {
                roots.add(certificate).map_err(|error| unusable("sslrootcert", &error))?;
            }
        }
        Ok(roots)
    }
}

impl MakeTlsConnect<Socket> for TlsSettings {
    type Stream = TlsSocket;
    type TlsConnect = TlsHandshake;
    type Error = std::convert::Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<TlsHandshake, Self::Error> {
        Ok(TlsHandshake { connector: self.0.clone(), host: host.to_owned() })
    }
}

/// A handshake with one host, which a socket in the file system has no name for and never asks for.
pub(super) struct TlsHandshake {
    connector: TlsConnector,
    host: String,
}

impl TlsConnect<Socket> for TlsHandshake {
    type Stream = TlsSocket;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TlsSocket>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            Ok(TlsSocket(Box::new(self.connector.connect(name, socket).await?)))
        })
    }
}

/// An encrypted connection.
pub(super) struct TlsSocket(Box<tokio_rustls::client::TlsStream<Socket>>);

impl AsyncRead for TlsSocket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl TlsStream for TlsSocket {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Takes any certificate, as `prefer` and `require` do: it keeps out who only listens.
#[derive(Debug)]
struct NoCheck(Arc<CryptoProvider>);

impl ServerCertVerifier for NoCheck {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Takes a certificate of a known issuer, whatever name it was made out for.
#[derive(Debug)]
struct IssuerCheck(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for IssuerCheck {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The name is checked last.
        match self.0.verify_server_cert(certificate, intermediates, name, ocsp_response, now) {
            Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
