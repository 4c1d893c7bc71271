//! What may be tried again, by method.

use std::collections::HashMap;

use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    method_options::IdempotencyLevel::IdempotencyUnknown,
};
use tonic::Code;

use super::Look;
use crate::telemetry::code_name;

/// Asking after health changes nothing.
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// What may be tried again of calls to one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Method {
    /// Whether it does no harm when it is called twice.
    pub(super) idempotent: bool,
    /// Whether it is known to be answered with one message.
    pub(super) unary: bool,
    /// The codes after which the application wants it tried again, a bit for each.
    pub(super) marked: u32,
}

impl Method {
    /// Whether an answer that is nothing but this code may be followed by another attempt.
    pub(super) fn retries(self, code: Code) -> bool {
        self.marked & bit(code) != 0 || self.idempotent && code == Code::Unavailable
    }

    /// How far its answers are to be looked at.
    pub(super) fn look(self) -> Look {
        match self.idempotent || self.marked != 0 {
            true if self.unary && self.idempotent => Look::AtTheEnd,
            true => Look::Inside,
            false => Look::Nowhere,
        }
    }
}

fn bit(code: Code) -> u32 {
    1 << code as u32
}

/// The methods that are known, by path; of others nothing is assumed.
#[derive(Clone, Debug)]
pub(crate) struct Methods(HashMap<Box<str>, Method>);

impl Default for Methods {
    fn default() -> Self {
        let mut methods = Self(HashMap::new());
        methods.mark_read(HEALTH.to_owned());
        methods
    }
}

impl Methods {
    /// What is known of a path.
    pub(super) fn of(&self, path: &str) -> Method {
        self.0.get(path).copied().unwrap_or_default()
    }

    /// Takes in the methods that descriptors call free of side effects or idempotent.
    ///
    /// Not those with streams: when such a call has begun to be answered is for the application to say.
    ///
    /// # Errors
    /// When it is no encoded `google.protobuf.FileDescriptorSet`.
    pub(crate) fn describe(&mut self, set: &[u8]) -> Result<(), prost::DecodeError> {
        for file in FileDescriptorSet::decode(set)?.file {
            for path in idempotent(&file) {
                self.mark_read(path);
            }
        }
        Ok(())
    }

    fn mark_read(&mut self, path: String) {
        let method = self.entry(path);
        (method.idempotent, method.unary) = (true, true);
    }

    /// Marks a method, as in `pkg.Service/Method`. `None` where it is none.
    pub(super) fn mark_idempotent(&mut self, method: &str) -> Option<()> {
        self.entry(path(method)?).idempotent = true;
        Some(())
    }

    /// Marks codes of a method, as in `pkg.Service/Method:ABORTED+INTERNAL`. `None` where it is not that.
    pub(super) fn mark_retryable(&mut self, mark: &str) -> Option<()> {
        let (method, codes) = mark.split_once(':')?;
        let mut marked = 0;
        for name in codes.split('+') {
            let name = name.trim();
            let code = (1..17).map(Code::from_i32);
            marked |= bit(code.into_iter().find(|code| code_name(*code) == name)?);
        }
        self.entry(path(method)?).marked |= marked;
        Some(())
    }

    fn entry(&mut self, path: String) -> &mut Method {
        self.0.entry(path.into()).or_default()
    }
}

/// The path of a method, as in `/pkg.Service/Method`.
fn path(method: &str) -> Option<String> {
    let method = method.trim();
    let method = method.strip_prefix('/').unwrap_or(method);
    let (service, name) = method.split_once('/')?;
    let is_name = |name: &str, dots: bool| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || dots && c == '.';
        !name.is_empty() && name.chars().all(fits)
    };
    (is_name(service, true) && is_name(name, false)).then(|| format!("/{method}"))
}

/// The paths of a file's methods that may be called twice.
fn idempotent(file: &FileDescriptorProto) -> Vec<String> {
    let package = match file.package() {
        "" => String::new(),
        package => format!("{package}."),
    };
    let mut paths = Vec::new();
    for service in &file.service {
        let methods = service.method.iter().filter(|method| is_idempotent(method));
        paths.extend(
            methods.map(|method| format!("/{package}{}/{}", service.name(), method.name())),
        );
    }
    paths
}

fn is_idempotent(method: &MethodDescriptorProto) -> bool {
    let options = method.options.as_ref();
    let level = options.map_or(IdempotencyUnknown, |options| options.idempotency_level());
    level != IdempotencyUnknown && !method.client_streaming() && !method.server_streaming()
}

#[cfg(test)]
mod tests {
    use prost_types::{MethodOptions, ServiceDescriptorProto, method_options::IdempotencyLevel};

    use super::*;

    fn method(name: &str, level: IdempotencyLevel, streaming: bool) -> MethodDescriptorProto {
        MethodDescriptorProto {
            name: Some(name.to_owned()),
            server_streaming: Some(streaming),
            options: Some(MethodOptions {
                idempotency_level: Some(level.into()),
                ..MethodOptions::default()
            }),
            ..MethodDescriptorProto::default()
        }
    }

    #[test]
    fn descriptors_say_what_is_idempotent() {
        let service = ServiceDescriptorProto {
            name: Some("Desk".to_owned()),
            method: vec![
                method("Look", IdempotencyLevel::NoSideEffects, false),
                method("Cancel", IdempotencyLevel::Idempotent, false),
                method("Book", IdempotencyLevel::IdempotencyUnknown, false),
                method("Watch", IdempotencyLevel::NoSideEffects, true),
            ],
            ..ServiceDescriptorProto::default()
        };
        let set = FileDescriptorSet {
            file: vec![FileDescriptorProto {
                package: Some("hotel.v1".to_owned()),
                service: vec![service],
                ..FileDescriptorProto::default()
            }],
        };
        let mut methods = Methods::default();
        methods.describe(&set.encode_to_vec()).unwrap();
        let found = |name| methods.of(&format!("/hotel.v1.Desk/{name}")).idempotent;
        assert_eq!(
            ["Look", "Cancel", "Book", "Watch", "Other"].map(found),
            [true, true, false, false, false]
        );
        assert!(methods.of(HEALTH).idempotent);
        assert!(methods.describe(&[0xff, 0xff]).is_err());
    }

    #[test]
    fn the_application_marks_methods_and_codes() {
        let mut methods = Methods::default();
        methods.mark_idempotent("a.B/C").unwrap();
        methods.mark_retryable("/a.B/D:ABORTED+ INTERNAL").unwrap();
        let (c, d) = (methods.of("/a.B/C"), methods.of("/a.B/D"));
        assert!(c.retries(Code::Unavailable) && !c.retries(Code::Aborted));
        assert!(d.retries(Code::Aborted) && d.retries(Code::Internal));
        assert!(!d.retries(Code::Unavailable) && !d.idempotent);
        assert_eq!(methods.of("/a.B/E").look(), Look::Nowhere);
        assert_eq!([c.look(), d.look()], [Look::Inside; 2]);
        let health = methods.of(HEALTH);
        assert_eq!(health.look(), Look::AtTheEnd);

        for odd in ["", "a.B", "a.B/", "/C", "a b/C", "a/B/C"] {
            assert_eq!(methods.mark_idempotent(odd), None, "{odd}");
        }
        for odd in [
            "a.B/C",
            "a.B/C:",
            "a.B/C:OK",
            "a.B/C:14",
            "a.B/C:ABORTED,INTERNAL",
        ] {
            assert_eq!(methods.mark_retryable(odd), None, "{odd}");
        }
    }
}
