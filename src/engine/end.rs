//! How a connection ends: once, and with it every request.

use super::connection::{Connection, Disconnect, Phase, State};
use crate::request::{Complete, Outcome};
use crate::status::Status;
use parking_lot::MutexGuard;

impl<T: Complete> Connection<T> {
    /// Disconnects. Each outstanding request completes with
    /// `DHCP_R_CONNRESET`, when the connection closes. False when it was
    /// closed already. [`deliver_all`](Self::deliver_all) must follow.
    pub fn disconnect(&self, how: Disconnect) -> bool {
        if self.is_inherited() {
            self.give_up_inherited();
            return true;
        }
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return false;
        }
        match (how, st.phase) {
            (Disconnect::WhenSent, Phase::Ready | Phase::Draining) => {
                st.phase = Phase::Draining;
                self.flush_locked(&mut st);
            }
            _ => self.close_locked(&mut st, Status::CONNECTION_RESET),
        }
        true
    }

    /// Closes the child's copy of the descriptor, without a word to the server:
    /// the parent goes on.
    fn give_up_inherited(&self) {
        if let Some(mut st) = self.state.try_lock() {
            st.phase = Phase::Closed(Status::CONNECTION_RESET);
            st.socket = None;
            st.reader = None;
            let on_close = st.on_close.take();
            drop(st);
            if let Some(f) = on_close {
                f();
            }
        }
    }

    /// Ends the connection because of `status`. Only the first end counts.
    pub(super) fn close(&self, status: Status) {
        let mut st = self.state.lock();
        self.close_locked(&mut st, status);
    }

    pub(super) fn close_locked(&self, st: &mut MutexGuard<'_, State<T>>, status: Status) {
        if matches!(st.phase, Phase::Closed(_)) {
            return;
        }
        st.phase = Phase::Closed(status);
        st.reader = None;
        if let Some(socket) = st.socket.take() {
            // Wakes a reader that blocks; the descriptor lives until it is out.
            socket.shut_down();
        }
        let tickets = st.session.abandon();
        st.completing += 1;
        let followups = MutexGuard::unlocked(st, || {
            let lost = Outcome::Lost(Status::CONNECTION_RESET);
            let mut memory = T::Memory::default();
            tickets
                .into_iter()
                .filter_map(|t| t.complete(lost, &mut memory))
                .collect::<Vec<_>>()
        });
        st.completing -= 1;
        st.followups.extend(followups);
        st.sleepers.wake_all();
    }
}
