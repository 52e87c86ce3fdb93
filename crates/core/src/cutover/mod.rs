//! What a cutover and a fallback decide: which conditions hold, how long writes pause.
//!
//! Owns the gate's judgement and the forecast of the pause. Refuses the order of the steps: that is the engine's.

pub mod gate;
pub mod pgbouncer_file;
pub mod retreat;
pub mod vote;
pub mod write_pause;
