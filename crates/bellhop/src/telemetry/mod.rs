//! Spans of every hop, W3C trace context, and their export by OTLP.
