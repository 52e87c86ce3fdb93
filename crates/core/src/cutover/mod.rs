//! What a cutover and a fallback decide: which conditions hold, which values sequences take, how long writes pause.
//!
//! Owns the gate's judgement and the forecast of the pause. Refuses the order of the steps: that is the engine's.

pub mod gate;
pub mod pgbouncer_file;
pub mod sequence_value;
pub mod vote;
pub mod way_back;
pub mod write_pause;
