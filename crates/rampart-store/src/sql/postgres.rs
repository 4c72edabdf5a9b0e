//! Direct access to PostgreSQL. A session drives its own connection: the task that waits for an answer reads and writes the socket
//! itself, so that no other task has to be woken, and nothing goes on when nobody waits.

use std::collections::HashMap;
use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures::TryStreamExt as _;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, WrongType, to_sql_checked};
use tokio_postgres::{Client, Config, Connection, Error, Row, Socket, Statement};

use super::CACHED_STATEMENTS;
use super::postgres_tls::{TlsSettings, TlsSocket};
use super::value::SqlValue;

/// How long the server may take to see a session end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A parameter of a statement: one value, or a whole column.
#[derive(Debug)]
pub(super) enum Parameter<'v> {
    Value(&'v SqlValue),
    Texts(Vec<Option<&'v str>>),
    Ints(Vec<Option<i64>>),
    Bools(Vec<bool>),
}

impl Parameter<'_> {
    /// The type that the statement is prepared with.
    fn sql_type(&self) -> Type {
        match self {
            Self::Value(SqlValue::Text(_) | SqlValue::TextOrNull(_)) => Type::TEXT,
            Self::Value(SqlValue::Int(_) | SqlValue::IntOrNull(_)) => Type::INT8,
            Self::Value(SqlValue::Bool(_)) => Type::BOOL,
            Self::Texts(_) => Type::TEXT_ARRAY,
            Self::Ints(_) => Type::INT8_ARRAY,
            Self::Bools(_) => Type::BOOL_ARRAY,
        }
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, declared: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        if *declared != self.sql_type() {
            return Err(Box::new(WrongType::new::<Self>(declared.clone())));
        }
        match self {
            Self::Value(SqlValue::Text(text) | SqlValue::TextOrNull(Some(text))) => (&**text).to_sql(declared, out),
            Self::Value(SqlValue::Int(number) | SqlValue::IntOrNull(Some(number))) => number.to_sql(declared, out),
            Self::Value(SqlValue::Bool(truth)) => truth.to_sql(declared, out),
            Self::Value(SqlValue::TextOrNull(None) | SqlValue::IntOrNull(None)) => Ok(IsNull::Yes),
            Self::Texts(texts) => texts.to_sql(declared, out),
            Self::Ints(numbers) => numbers.to_sql(declared, out),
            Self::Bools(truths) => truths.to_sql(declared, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A statement and its parameters.
pub(super) struct Request<'v> {
    pub(super) sql: &'v str,
    pub(super) parameters: Vec<Parameter<'v>>,
}

impl<'v> Request<'v> {
    pub(super) fn new(sql: &'v str, values: &'v [SqlValue]) -> Self {
        Self { sql, parameters: values.iter().map(Parameter::Value).collect() }
    }
}

/// What a statement came to.
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) changed: u64,
}

/// The first of several requests that failed. Those before it were carried out, those after it were not.
pub(super) struct Failure {
    pub(super) position: usize,
    pub(super) error: Error,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// A connection and its prepared statements.
pub(crate) struct PostgresSession {
    client: Client,
    /// `None` once it has ended.
    connection: Option<Box<Connection<Socket, TlsSocket>>>,
    statements: HashMap<String, Statement>,
    /// Begins a transaction; it is sent in front of the next request.
    begin: Option<&'static str>,
}

impl PostgresSession {
    pub(super) async fn open(config: &Config, tls: &TlsSettings) -> Result<Self, Error> {
        let (client, connection) = config.connect(tls.clone()).await?;
        Ok(Self { client, connection: Some(Box::new(connection)), statements: HashMap::new(), begin: None })
    }

    /// Begins a transaction with the next request, which costs no round trip.
    pub(super) const fn begin(&mut self, sql: &'static str) {
        self.begin = Some(sql);
    }

    /// Runs requests in their order, in one round trip, and returns their answers.
    ///
    /// # Errors
    /// The first failure. Inside a transaction the server then refuses everything up to a rollback.
    pub(super) async fn run(&mut self, requests: &[Request<'_>]) -> Result<Vec<Answer>, Failure> {
        let begin = self.begin.take().map(|sql| Request { sql, parameters: Vec::new() });
        let begins = usize::from(begin.is_some());
        let requests: Vec<&Request<'_>> = begin.iter().chain(requests).collect();
        self.prepare(&requests).await.map_err(|error| Failure { position: 0, error })?;
        let Self { client, connection, statements, .. } = self;
        let sends = requests.iter().map(|request| answer(client, &statements[request.sql], &request.parameters)).collect();
        match drive(connection, pipelined(sends)).await {
            Ok(mut answers) => Ok(answers.split_off(begins)),
            Err(failure) => Err(Failure { position: failure.position.saturating_sub(begins), ..failure }),
        }
    }

    pub(super) async fn run_one(&mut self, request: Request<'_>) -> Result<Answer, Error> {
        let mut answers = self.run(&[request]).await?;
        Ok(answers.pop().expect("there is an answer to each request"))
    }

    /// Prepares, in one round trip, the statements that are used for the first time.
    async fn prepare(&mut self, requests: &[&Request<'_>]) -> Result<(), Error> {
        if self.statements.len() > CACHED_STATEMENTS {
            self.statements.clear();
        }
        let mut unknown: Vec<&Request<'_>> = Vec::new();
        for request in requests {
            if !self.statements.contains_key(request.sql) && unknown.iter().all(|known| known.sql != request.sql) {
                unknown.push(request);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let Self { client, connection, .. } = self;
        let types: Vec<Vec<Type>> = unknown.iter().map(|request| request.parameters.iter().map(Parameter::sql_type).collect()).collect();
        let sends = unknown.iter().zip(&types).map(|(request, types)| client.prepare_typed(request.sql, types)).collect();
        let prepared = drive(connection, pipelined(sends)).await?;
        self.statements.extend(unknown.iter().map(|request| request.sql.to_owned()).zip(prepared));
        Ok(())
    }

    /// Runs several statements without parameters.
    pub(super) async fn script(&mut self, sql: &str) -> Result<(), Error> {
        self.run(&[]).await?;
        let Self { client, connection, .. } = self;
        let send = vec![client.batch_execute(sql)];
        drive(connection, pipelined(send)).await?;
        Ok(())
    }

    pub(super) async fn roll_back(&mut self) -> Result<(), Error> {
        match self.begin.take() {
            // It has not begun.
            Some(_) => Ok(()),
            None => self.run_one(Request::new("ROLLBACK", &[])).await.map(drop),
        }
    }

    /// Informs the server that the session ends, and waits until it has seen that. Commits are durable without it.
    pub(super) async fn close(self) {
        // In this order: a statement that is dropped before its client is closed on the server first.
        drop(self.client);
        drop(self.statements);
        if let Some(connection) = self.connection {
            // The session is over, however it ends.
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection).await;
        }
    }
}

async fn answer(client: &Client, statement: &Statement, parameters: &[Parameter<'_>]) -> Result<Answer, Error> {
    let mut stream = pin!(client.query_raw(statement, parameters).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok(Answer { rows, changed: stream.rows_affected().unwrap_or_default() })
}

/// Sends all requests before it waits for the first answer.
async fn pipelined<T>(requests: Vec<impl Future<Output = Result<T, Error>>>) -> Result<Vec<T>, Failure> {
    let mut waiting = Vec::with_capacity(requests.len());
    for request in requests {
        let mut request = Box::pin(request);
        // The first poll sends it.
        match poll_fn(|context| Poll::Ready(request.as_mut().poll(context))).await {
            Poll::Pending => waiting.push(request),
            // It was not sent, so nothing after it may be: a COMMIT would make half a transaction durable.
            Poll::Ready(unsent) => {
                let error = unsent.err().expect("no answer can have arrived, as nothing was read since the request was sent");
                return Err(Failure { position: waiting.len(), error });
            }
        }
    }
    let mut answers = Vec::with_capacity(waiting.len());
    for request in waiting {
        match request.await {
            Ok(answer) => answers.push(answer),
            // The answers to later requests are passed over with the next ones.
            Err(error) => return Err(Failure { position: answers.len(), error }),
        }
    }
    Ok(answers)
}

/// Does some work, and reads and writes the connection meanwhile.
async fn drive<T>(
    connection: &mut Option<Box<Connection<Socket, TlsSocket>>>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    let mut ended_by = None;
    let mut done = poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        if let Some(open) = connection.as_mut()
            && let Poll::Ready(end) = Pin::new(open).poll(context)
        {
            // Whatever still waits for an answer learns by this that there will be none.
            *connection = None;
            ended_by = end.err();
        }
        work.as_mut().poll(context)
    })
    .await;
    if let Err(failure) = &mut done
        && failure.error.is_closed()
        && let Some(reason) = ended_by
    {
        failure.error = reason;
    }
    done
}

/// What an error says, without what it quotes: PostgreSQL's details hold values.
pub(super) fn describe(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(refused), _) => format!("{} ({})", refused.message(), refused.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;

    use super::*;

    /// What comes after is the COMMIT of a transaction that would lack a statement.
    #[tokio::test]
    async fn a_request_that_cannot_be_sent_stops_those_after_it() {
        let sent = RefCell::new(Vec::new());
        let request = async |number: usize| {
            sent.borrow_mut().push(number);
            if number == 1 { Err("host".parse::<Config>().unwrap_err()) } else { pending::<Result<(), Error>>().await }
        };
        let failure = pipelined((0..3).map(request).collect()).await.err().unwrap();
        assert_eq!((failure.position, sent.into_inner()), (1, vec![0, 1]));
    }
}
